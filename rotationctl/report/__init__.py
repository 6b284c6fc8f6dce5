"""What an auditor asks of a fleet: who is in it, what shall happen and what did. No value is read for it.

`policies`, `events` and `verifications` know what AWS answers, `findings` judges it by the `rules`, a `document` holds
all of it, and `plain`, `spreadsheet` and `page` are its forms. `reading` and `publishing` are what the command calls.
"""
