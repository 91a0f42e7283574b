"""Files that messages carry: taken in with limits, checked, kept, shown, and swept away."""
