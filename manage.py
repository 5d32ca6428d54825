#!/usr/bin/env python
"""Run the platform's commands: `python manage.py help`."""

import os
import sys

from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line

from regards_processing.kernel.tenancy.visibility import serve_every_tenant

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "regards_processing.settings")
    serve_every_tenant()
    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        sys.exit(f"manage.py: {error}")
