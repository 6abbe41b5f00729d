"""Slots → outbox → PVOutput.

    targets   the systems that are posted to     rows, extended   slots → statuses (places, values), pure
    cures (daylight)   values that would be refused, and what is sent instead
    follow    slots → outbox                     outbox, days     what is to be sent, and how far it is: the two tables
    answers, replies   what PVOutput tells, what it means       client   one request
    servertime, quota, pauses, persisted   what must outlive the process
    account, post (bisect), reconcile, totals   the kinds of request, each with what its answer changes
    plan      which request is next              poster    step, push, check_account
    views     what page, status and API read: the only module that webui and health import
"""
