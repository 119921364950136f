"""The whole path at small size: data set, learner, sweep, best point, report; resumes.

A pendulum data set, a model that predicts its frames on 3 seeds in one program, and
recurrent PPO on the T-maze swept over learning rate, lambda and seeds by one worker
process a core. Under 3 minutes on 2 cores, compilation included. Ends with two claims
computed from the results; exit code 1 if one of them fails.
"""

from __future__ import annotations

from foreworld.cli._usage import Args, Fields, Usage


def configure(usage: Usage) -> None:
    """Declare the options."""
    usage.quiet()


def run(args: Args, fields: Fields) -> int:
    """Run it and print the claims."""
    from foreworld.cli._demo import run_demo

    result = run_demo(args.quiet)
    for claim in result.claims:
        print(f"[{'holds' if claim.holds else 'FAILS'}] {claim.text}")
        for line in claim.lines:
            print(f"    {line}")
    print(f"report: {result.report}")
    return 0 if all(claim.holds for claim in result.claims) else 1
