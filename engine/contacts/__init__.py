"""Contacts: whom a person knows, and one search over them and the people of the domain."""
