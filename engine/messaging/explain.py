"""What sending would do, without doing it: coding, segments, carrier, and each number's chances.

Asks the same rules as sending, in the same order, and goes on where sending would stop. Nothing is
stored, no window slot is taken, and the answer may be out of date when it is read.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from engine.accounts.models import Principal, Scope
from engine.errors import EngineError
from engine.messaging import errors, policy
from engine.messaging.consent_ports import ConsentStore, Standing
from engine.messaging.models import ConsentState, SendText
from engine.messaging.outlook import CostClass, Outlook, RecipientOutlook, TextExplainer, TextShape
from engine.messaging.ports import FileLinks, FilesAtHand, NumberDirectory, SendingNumber, TextCoder
from engine.messaging.settings import MessagingSettings
from engine.phone_numbers import facts_of, to_e164


class Explainer:
    """carriers: the names of those that are configured."""

    def __init__(
        self,
        numbers: NumberDirectory,
        consents: ConsentStore,
        coder: TextCoder,
        texts: TextExplainer,
        carriers: Collection[str],
        settings: MessagingSettings,
        links: FileLinks | None = None,
        files: FilesAtHand | None = None,
    ) -> None:
        self._links = links
        self._files = files
        self._numbers = numbers
        self._consents = consents
        self._coder = coder
        self._texts = texts
        self._carriers = carriers
        self._settings = settings

    async def explain(self, principal: Principal, request: SendText) -> Outlook:
        """Raises NotFound for a number of ours out of reach, Forbidden `number_not_assigned`, InvalidRequest
        for one that is none; whatever else sending would be refused with is part of the answer.
        """
        number = await self._number(principal, request)
        user_id = principal.user_id or request.user_id
        problems = self._sender_problems(principal, number)
        to, wrong = self._destinations(number, request)
        if not 1 <= len(request.to) <= self._settings.max_recipients:
            problems.append(
                errors.invalid("/to", f"Give 1 to {self._settings.max_recipients} numbers to send to.")
            )
        problems += [error for error in wrong if error is not None]
        configured = number.carrier in self._carriers
        shape = None
        appended = self._appended(request, problems)
        if request.attachment_ids and self._files is not None:
            sender_id = user_id or principal.credential_id
            refusal = await self._files.refusal(number.domain_id, sender_id, request.attachment_ids)
            problems += [refusal] if refusal else []
        if configured:
            shape, problem = self._shape(number.carrier, request.text + appended)
            problems += [problem] if problem else []
        else:
            problems.append(errors.no_route())
        if user_id is not None and principal.scope is not Scope.BASIC_USER:
            try:
                policy.check_user(number, user_id)
            except EngineError as error:
                problems.append(error)
        reached = sorted({one for one in to if one is not None})
        standing = await self._consents.standing(number.domain_id, number.e164, reached)
        recipients = tuple(
            _outlook(number, given, one, error, standing, position)
            for position, (given, one, error) in enumerate(zip(request.to, to, wrong, strict=True))
        )
        if reached and all(standing[one].consent.state is ConsentState.STOPPED for one in reached):
            problems.append(errors.opted_out(next(i for i, one in enumerate(to) if one is not None)))
        muted = None if user_id is None else user_id not in number.muted_user_ids
        return Outlook(number, configured, muted, shape, recipients, tuple(problems), appended or None)

    async def _number(self, principal: Principal, request: SendText) -> SendingNumber:
        domain_id = principal.domain_id or request.domain_id
        domain = await self._numbers.domain(domain_id) if domain_id else None
        e164 = to_e164(request.from_number, domain.region if domain else None, field="from")
        number = policy.reachable(principal, await self._numbers.find(e164))
        if request.domain_id not in (None, number.domain_id):
            raise errors.no_such_number()
        if principal.scope is Scope.BASIC_USER and principal.user_id not in (
            number.user_ids | number.muted_user_ids
        ):
            raise errors.number_not_assigned()
        return number

    def _appended(self, request: SendText, problems: list[EngineError]) -> str:
        """What would be added because of files, with a link as long as the real one will be."""
        if not request.attachment_ids:
            return ""
        try:
            policy.check_files(request.attachment_ids, self._links)
        except EngineError as error:
            problems.append(error)
        return "" if self._links is None else self._links.new(request.text, 0).appended.text

    def _sender_problems(self, principal: Principal, number: SendingNumber) -> list[EngineError]:
        try:
            policy.check_sender(principal, number)
        except EngineError as error:
            return [error]
        return []

    def _destinations(
        self, number: SendingNumber, request: SendText
    ) -> tuple[list[str | None], list[EngineError | None]]:
        """Each destination as E.164, if it is one, and what is wrong with it."""
        to: list[str | None] = []
        wrong: list[EngineError | None] = []
        for position, given in enumerate(request.to):
            one: str | None = None
            try:
                one = to_e164(given, number.region, field=f"to/{position}")
                policy.check_destination(self._settings, number, one, position)
            except EngineError as error:
                wrong.append(error)
            else:
                wrong.append(None)
            to.append(one)
        return to, wrong

    def _shape(self, carrier: str, text: str) -> tuple[TextShape | None, EngineError | None]:
        try:
            shape = self._texts.shape(carrier, text)
        except EngineError as error:
            return None, error
        try:
            self._coder.segments(carrier, text, 0)
        except EngineError as error:
            return shape, error
        return shape, None


def _outlook(
    number: SendingNumber,
    given: str,
    one: str | None,
    error: EngineError | None,
    standing: Mapping[str, Standing],
    position: int,
) -> RecipientOutlook:
    if one is None:
        return RecipientOutlook(given, None, False, None, None, None, error)
    facts, ours = facts_of(one), facts_of(number.e164)
    cost_class: CostClass | None
    if facts.kind != "ordinary":
        cost_class = facts.kind
    elif facts.region is None or ours.region is None:
        cost_class = None
    else:
        cost_class = "domestic" if facts.region == ours.region else "international"
    stands = standing[one]
    if error is None and stands.consent.state is ConsentState.STOPPED:
        error = errors.opted_out(position)
    return RecipientOutlook(given, one, facts.known, facts.region, cost_class, stands, error)
