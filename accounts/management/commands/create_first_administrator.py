"""The first person of one of the three separate administrators. Nobody has a default account or a default password."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

import pghistory
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from accounts import actions
from accounts.models import Membership, User
from accounts.roles import SEPARATE_ROLES, Role
from core.codes import random_code


class Command(BaseCommand):
    help = (
        "Create a security administrator (who then gives everybody else an account), or the first of another of the "
        "three separate administrators. Prints a password that must be changed at the first log-in."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username")
        parser.add_argument("name", help="the person's own name: accounts are never shared")
        parser.add_argument("--role", choices=sorted(SEPARATE_ROLES), default=Role.SECURITY_ADMIN)

    def handle(self, *args: Any, **options: Any) -> None:
        role = Role(options["role"])
        if Membership.objects.in_force().filter(role=role, user__is_active=True).exists():
            raise CommandError(
                f"There is a {role} already. Further accounts are made in the admin, by a security administrator."
            )
        password = random_code(20)
        user = User(username=options["username"], display_name=options["name"], must_change_password=True)
        user.set_password(password)
        try:
            with pghistory.context(command="create_first_administrator"), transaction.atomic():
                user.full_clean()
                user.save()
                actions.check_separate(role, beside=actions.held_roles(user))
                Membership.objects.create(user=user, role=role)
        except ValidationError as problem:
            raise CommandError("\n".join(problem.messages)) from problem
        self.stdout.write(f"{user.display_name} ({user.username}) is {role}.")
        self.stdout.write(f"One-time password, to be changed at the first log-in: {password}")
