"""The forms of the pages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django import forms
from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from liuhen.server.access.selectors import possible_holders
from liuhen.server.access.services import REASON_LIMIT
from liuhen.server.accounts.models import Person
from liuhen.server.recordings.interfaces import RecordingFilter, RecordingOrder
from liuhen.server.recordings.models import RecordingKind, RecordingState
from liuhen.server.web import words

if TYPE_CHECKING:
    from collections.abc import Mapping

    from liuhen.server.recordings.models import Recording

__all__ = ["FilterForm", "TicketForm"]

_TERMS: Final = (10, 30, 60, 120, 480)
_TEXT_LIMIT: Final = 200


class FilterForm(forms.Form):
    """What narrows and sorts the list of recordings, read from the address; what cannot be read does nothing."""

    text = forms.CharField(required=False, max_length=_TEXT_LIMIT)
    kind = forms.ChoiceField(required=False, choices=[("", gettext_lazy("All kinds")), *words.KINDS.items()])
    state = forms.ChoiceField(required=False, choices=[("", gettext_lazy("All states")), *words.STATES.items()])
    since = forms.DateField(required=False, input_formats=["%Y-%m-%d"])
    until = forms.DateField(required=False, input_formats=["%Y-%m-%d"])
    important = forms.BooleanField(required=False)
    officer = forms.ChoiceField(required=False, choices=[("", ""), ("none", "")])
    device = forms.UUIDField(required=False)
    sort = forms.ChoiceField(required=False, choices=[("", ""), *((order, "") for order in RecordingOrder)])

    def where(self) -> RecordingFilter:
        """Return the filter."""
        self.is_valid()
        given = self.cleaned_data
        return RecordingFilter(
            text=given.get("text", ""),
            kind=RecordingKind(given["kind"]) if given.get("kind") else None,
            state=RecordingState(given["state"]) if given.get("state") else None,
            device=given.get("device"),
            unattributed=given.get("officer") == "none",
            important=bool(given.get("important")),
            sealed_from=given.get("since"),
            sealed_to=given.get("until"),
        )

    def order(self) -> RecordingOrder:
        """Return how the list is sorted, newest first by default."""
        self.is_valid()
        return RecordingOrder(self.cleaned_data.get("sort") or RecordingOrder.NEWEST)


if TYPE_CHECKING:
    _PersonField = forms.ModelChoiceField[Person]
else:
    _PersonField = forms.ModelChoiceField


class _HolderField(_PersonField):
    def label_from_instance(self, obj: Person) -> str:
        """Return name, certificate number and unit."""
        number = f" {obj.certificate_number}" if obj.certificate_number else ""
        return f"{obj.name}{number} · {obj.unit.name}"


class TicketForm(forms.Form):
    """A viewing as the register wants it: who, why, how long (article 16)."""

    holder = _HolderField(queryset=Person.objects.none(), empty_label=None)
    reason = forms.CharField(max_length=REASON_LIMIT, strip=True)
    minutes = forms.TypedChoiceField(coerce=int)

    def __init__(self, data: Mapping[str, Any] | None = None, *, recording: Recording, person: Person) -> None:
        """Offer the people who may view `recording`, `person` first chosen."""
        limit: int = settings.INSTANCE.settings.ticket_minutes
        terms = [term for term in _TERMS if term < limit]
        super().__init__(data, initial={"holder": person.id, "minutes": limit})
        holders = self.fields["holder"]
        minutes = self.fields["minutes"]
        assert isinstance(holders, forms.ModelChoiceField)  # noqa: S101 - declared so above
        assert isinstance(minutes, forms.TypedChoiceField)  # noqa: S101 - as above
        ids = [holder.id for holder in possible_holders(recording)]
        holders.queryset = Person.objects.filter(id__in=ids).select_related("unit").order_by("unit__code", "name")
        minutes.choices = [(term, _("%(count)s minutes") % {"count": term}) for term in (*terms, limit)]
        holders.error_messages["invalid_choice"] = _("This person may not view the recording. Choose another.")
        self.fields["reason"].error_messages["required"] = _("State the reason for viewing (article 16).")
