"""The zoo: what is trained on which task, the models that are published, and the report on both."""
