"""Letters and direct mail: printed in batches, posted by a person, told as touches."""
