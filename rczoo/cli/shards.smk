# The parts of one command, then the command itself, which joins them. See `rczoo shards --help`.
from shlex import quote

PARTS = range(1, int(config["parts"]) + 1)
RUN = f"cd {quote(config['folder'])} && {config['command']}"


rule joined:
    input:
        expand("{part}.done", part=PARTS),
    output:
        touch("joined.done"),
    params:
        run=lambda wildcards: RUN,  # a function, so that braces in file names stay what they are
    shell:
        "{params.run}"


rule part:
    output:
        touch("{part}.done"),
    wildcard_constraints:
        part=r"\d+",
    params:
        run=lambda wildcards: RUN,  # a function, so that braces in file names stay what they are
        number=len(PARTS),
    shell:
        "{params.run} --shard {wildcards.part}/{params.number}"
