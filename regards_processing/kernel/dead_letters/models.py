"""What permissions on dead letters hang on."""

from django.db import models


class DeadLetters(models.Model):
    """The dead letters. The broker has them: there is no table, only permissions and pages of the admin.

    To change them is to replay them.
    """

    class Meta:
        app_label = "kernel"
        managed = False
        default_permissions = ("view", "change", "delete")
        verbose_name = verbose_name_plural = "dead letters"

    def __str__(self) -> str:
        return "dead letters"
