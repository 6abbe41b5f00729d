"""Slots → outbox → PVOutput.

    targets   the systems that are posted to     rows, extended   slots → statuses (places, values), pure
    cures (daylight)   values that would be refused, and what is sent instead
    outbox_rows   slots → outbox                 outbox, days     what is to be sent, and how far it is: the two tables
    reply_fields, replies   what PVOutput tells, what it means       client   one request
    servertime, quota, pauses, persisted   what must outlive the process
    account, batches (bisect), reconcile, totals   the kinds of request, each with what its answer changes
    plan      which request is next, and what it leaves of the hour's requests for live rows
    poster    step, push                            account_check   whether key and system hold
    views     what page, status and API read: the only module that webui and health import
"""
