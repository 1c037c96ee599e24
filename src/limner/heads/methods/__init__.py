"""The ways to answer a question, one file each; the baselines stay in the report for ever."""
