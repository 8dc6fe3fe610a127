"""Workflow and pipeline files of a clone, as far as it matters here: what starts them, and what may sign in them."""

from __future__ import annotations

from counterseal.project.pipelines.github import parse as parse_workflow
from counterseal.project.pipelines.gitlab import parse as parse_pipeline
from counterseal.project.pipelines.patterns import is_of_tags, meet
from counterseal.project.pipelines.pipeline import Job, Pin, Pipeline

__all__ = ["Job", "Pin", "Pipeline", "is_of_tags", "meet", "parse_pipeline", "parse_workflow"]
