"""What an administrator decides about files; `config/` fills it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from engine.attachments.kinds import KINDS

_MIB = 1024 * 1024


@dataclass(frozen=True, kw_only=True, slots=True)
class AttachmentSettings:
    """Where files are kept, what is taken, and for how long.

    folder: None means `attachments` in the data folder, where files are received in any case. content_types:
    what is taken; empty takes all that can be checked. Quotas of 0 do not limit. unsent_kept_s: how long a
    file waits for its message. link_*: what outside numbers get. sweep_every_s: how often store and
    database are compared.
    """

    storage: Literal["folder", "s3"] = "folder"
    folder: Path | None = None
    s3_bucket: str = ""
    s3_endpoint: str = ""
    s3_region: str = "us-east-1"
    s3_prefix: str = ""
    s3_access_key_id: str = ""
    s3_secret_access_key: str = field(default="", repr=False)
    max_octets: int = 25 * _MIB  # what mail servers take, and so what people are used to
    user_quota_octets: int = 1024 * _MIB
    domain_quota_octets: int = 20 * 1024 * _MIB
    uploads_per_user: int = 4
    uploads_at_once: int = 32
    upload_idle_s: float = 30.0
    upload_within_s: float = 3_600.0
    content_types: tuple[str, ...] = ()
    checks_at_once: int = 2
    max_pixels: int = 50_000_000  # the largest telephones make
    thumbnail_pixels: int = 320
    keep_image_metadata: bool = False
    unsent_kept_s: float = 86_400.0
    link_lifetime_s: int = 30 * 86_400
    link_downloads: int = 100
    sweep_every_s: float = 3_600.0

    def problems(self) -> list[str]:
        found = []
        if self.storage == "s3" and not self.s3_bucket:
            found.append("s3_bucket: is needed where storage is s3.")
        if self.storage == "s3" and bool(self.s3_access_key_id) != bool(self.s3_secret_access_key):
            found.append("s3_access_key_id: goes with s3_secret_access_key; give both or none.")
        known = {kind.content_type for kind in KINDS}
        for name in self.content_types:
            if name not in known:
                found.append(f"content_types: {name!r} is none that can be checked.")
        for name, value, least, most in (
            ("max_octets", self.max_octets, 1, 4 * 1024 * _MIB),
            ("user_quota_octets", self.user_quota_octets, 0, 2**50),
            ("domain_quota_octets", self.domain_quota_octets, 0, 2**53),
            ("uploads_per_user", self.uploads_per_user, 1, 100),
            ("uploads_at_once", self.uploads_at_once, 1, 1_000),
            ("upload_idle_s", self.upload_idle_s, 1, 600),
            ("upload_within_s", self.upload_within_s, 10, 86_400),
            ("checks_at_once", self.checks_at_once, 1, 64),
            ("max_pixels", self.max_pixels, 10_000, 500_000_000),
            ("thumbnail_pixels", self.thumbnail_pixels, 32, 2_000),
            ("unsent_kept_s", self.unsent_kept_s, 60, 30 * 86_400),
            ("link_lifetime_s", self.link_lifetime_s, 60, 366 * 86_400),
            ("link_downloads", self.link_downloads, 0, 1_000_000),
            ("sweep_every_s", self.sweep_every_s, 1, 86_400),
        ):
            if not least <= value <= most:
                found.append(f"{name}: must be {least:,} to {most:,}.")
        return found
