"""What every door for scripts shares: who calls, and how an answer says what is wrong."""
