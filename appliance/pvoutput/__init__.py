"""Slots → outbox → PVOutput.

    rows      slots → statuses (places, values), pure        outbox    one row per status and its state
    replies   reply → meaning                                client    one request
    servertime, quota, pauses, persisted   what must outlive the process
    account, post (bisect), reconcile, totals   the kinds of request, each with what its answer changes
    plan      which request is next                          poster    step, push, check_account
    views     what page, status and API read
"""
