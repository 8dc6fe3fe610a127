"""Workflow and pipeline files of a clone: what starts them, what may sign in them, what they name from elsewhere."""

from __future__ import annotations

from counterseal.project.pipelines.github import parse as parse_workflow
from counterseal.project.pipelines.gitlab import parse as parse_pipeline
from counterseal.project.pipelines.patterns import is_of_tags, meet
from counterseal.project.pipelines.pipeline import Job, Pin, Pipeline
from counterseal.project.pipelines.uses import Named, image, named

__all__ = [
    "Job",
    "Named",
    "Pin",
    "Pipeline",
    "image",
    "is_of_tags",
    "meet",
    "named",
    "parse_pipeline",
    "parse_workflow",
]
