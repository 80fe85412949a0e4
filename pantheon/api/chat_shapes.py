"""The shapes of the OpenAI-compatible door, for the documentation only, as in `shapes`."""

from typing import Literal

from pydantic import BaseModel


class ListedModel(BaseModel):
    """A room or an agent, as a model."""

    id: str
    object: Literal["model"]
    created: int
    owned_by: str
    name: str


class ModelList(BaseModel):
    """What can answer."""

    object: Literal["list"]
    data: list[ListedModel]


class ReplyMessage(BaseModel):
    """The answer, as one text."""

    role: Literal["assistant"]
    content: str


class Choice(BaseModel):
    """The one answer."""

    index: int
    message: ReplyMessage
    finish_reason: Literal["stop"]


class PromptDetails(BaseModel):
    """Of the tokens that were read, those that a provider had in its cache."""

    cached_tokens: int


class CompletionDetails(BaseModel):
    """Of the tokens that were written, those of reasoning."""

    reasoning_tokens: int


class ChatUsage(BaseModel):
    """Tokens of all calls of the turn."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int
    prompt_tokens_details: PromptDetails
    completion_tokens_details: CompletionDetails


class Completion(BaseModel):
    """An answered conversation; its id names the turn."""

    id: str
    object: Literal["chat.completion"]
    created: int
    model: str
    choices: list[Choice]
    usage: ChatUsage
