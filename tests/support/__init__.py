"""What tests share: the real stack, the sandbox, the browser."""
