"""Moments in templates of the admin: ``{% load moments %}``, ``{{ moment|ago }}``."""

from typing import Final

from django.template import Library

from regards_processing.kernel import admin_moments

register: Final = Library()
register.filter("age", admin_moments.age)
register.filter("ago", admin_moments.ago)
