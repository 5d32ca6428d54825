#!/usr/bin/env python
"""Run the platform's commands: `python manage.py help`."""

import os
import sys

from django.core.management import execute_from_command_line

from regards_processing.kernel.tenancy.visibility import serve_every_tenant

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "regards_processing.settings")
    serve_every_tenant()
    execute_from_command_line(sys.argv)
