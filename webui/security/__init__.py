"""What keeps strangers out: who may open what (access), password and sessions (auth, passwords, throttle), and what
holds for every request and answer (headers)."""
