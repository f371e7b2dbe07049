"""Argon2 at a cost that hardly takes time: a hash says its cost itself, so production's own reads it."""

from django.contrib.auth.hashers import Argon2PasswordHasher


class QuickArgon2(Argon2PasswordHasher):
    """One pass over 8 KiB."""

    time_cost = 1
    memory_cost = 8
    parallelism = 1
