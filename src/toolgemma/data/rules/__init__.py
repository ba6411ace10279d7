"""The linter's rules, by what they look at: one row's calls, its prompt, its answer; or whole splits."""
