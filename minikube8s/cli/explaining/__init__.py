"""What `why` prints: pure functions from stored facts to sentences, one module a subject.

Nothing here guesses: a sentence stands on a field, a condition or an Event that was written when
the thing happened. What is no longer on record is said to be so.
"""
