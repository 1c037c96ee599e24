"""Who belongs together: rules over what is known of customers, judged clause by clause."""
