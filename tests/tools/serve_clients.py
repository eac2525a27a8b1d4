#!/usr/bin/env python3
"""Asks `sharpeye serve` with the official Python clients of OpenAI and Ollama, and with the very requests that PhotoPrism
and Frigate send. Prints what was asked and answered. Needs the packages openai and ollama: serve_clients.sh makes a
virtual environment with them.

PhotoPrism's requests follow the structs of its internal/ai/vision (api_request.go, engine_ollama.go, openai/transport.go),
Frigate's its frigate/genai/plugins (ollama.py, openai.py), both as of autumn 2026.
Usage: serve_clients.py COMMAND
"""

import json
import sys

import ollama
import openai

from serve_support import SAMPLE, Server, data_uri, ppm, text_of

IMAGE = SAMPLE.read_bytes()


def show(who, what, answer):
    print(f"{who:11} {what:44} {answer}", flush=True)


def expect(condition, *what):
    if not condition:
        raise AssertionError(what)


def refusal(function, kind):
    """The text of the exception of that kind that `function` raises."""
    try:
        function()
    except kind as error:
        return str(error)
    raise AssertionError(f"expected {kind.__name__}")


def ask_with_openai(server, right):
    client = openai.OpenAI(base_url=f"http://127.0.0.1:{server.port}/v1", api_key="secret", max_retries=0)
    models = [model.id for model in client.models.list()]
    show("openai", "models.list()", models)
    expect(models == ["demo"] and client.models.retrieve("demo").owned_by == "sharpeye", models)
    messages = [{"role": "system", "content": "You caption images."},
                {"role": "user", "content": [{"type": "text", "text": "What is in this image?"},
                                             {"type": "image_url", "image_url": {"url": data_uri(IMAGE)}}]}]
    reply = client.chat.completions.create(model="demo", messages=messages, max_tokens=300)
    show("openai", "chat.completions.create()", reply.choices[0].message.content)
    expect(reply.choices[0].message.content == right and reply.usage.completion_tokens > 3, reply)
    raw = client.chat.completions.with_raw_response.create(model="demo", messages=messages, temperature=0.2)
    show("openai", "  Sharpeye-Unused", raw.headers["sharpeye-unused"])
    stream = client.chat.completions.create(model="demo", messages=messages, stream=True,
                                            stream_options={"include_usage": True})
    chunks = list(stream)
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    show("openai", f"  stream=True, {len(chunks)} chunks", text)
    expect(text == right and chunks[-1].usage.completion_tokens > 3, chunks)
    response = client.responses.create(model="demo", input=[
        {"role": "user", "content": [{"type": "input_text", "text": "Describe."},
                                     {"type": "input_image", "image_url": data_uri(IMAGE), "detail": "low"}]}])
    show("openai", "responses.create()", response.output_text)
    expect(response.output_text == right, response)
    create = client.chat.completions.create
    show("openai", "  another model", refusal(lambda: create(model="gpt-4o", messages=messages), openai.NotFoundError))
    url = [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "https://example.org/a.jpg"}}]}]
    show("openai", "  an address", refusal(lambda: create(model="demo", messages=url), openai.BadRequestError))
    stranger = openai.OpenAI(base_url=f"http://127.0.0.1:{server.port}/v1", api_key="wrong", max_retries=0)
    show("openai", "  another key", refusal(stranger.models.list, openai.AuthenticationError))


def ask_with_ollama(server, right):
    client = ollama.Client(host=f"http://127.0.0.1:{server.port}", headers={"Authorization": "Bearer secret"})
    names = [model.model for model in client.list().models]
    show("ollama", "list()", names)
    expect(names == ["demo"], names)
    shown = client.show("demo")
    show("ollama", "show()", (shown.capabilities, shown.details.parameter_size))
    expect("vision" in shown.capabilities, shown)
    reply = client.generate(model="demo", prompt="What is it?", images=[IMAGE])
    show("ollama", "generate()", reply.response)
    expect(reply.response == right and reply.done and reply.eval_duration > 0, reply)
    parts = list(client.generate(model="demo", prompt="What is it?", images=[str(SAMPLE)], stream=True))
    show("ollama", f"  stream=True, {len(parts)} parts", "".join(part.response for part in parts))
    expect("".join(part.response for part in parts) == right and parts[-1].done, parts)
    message = {"role": "user", "content": "What is it?", "images": [IMAGE]}
    reply = client.chat(model="demo", messages=[message])
    show("ollama", "chat()", reply.message.content)
    expect(reply.message.content == right, reply)
    parts = list(client.chat(model="demo", messages=[message], stream=True))
    expect("".join(part.message.content for part in parts) == right, parts)
    show("ollama", "ps()", [model.name for model in client.ps().models])
    show("ollama", "  another model", refusal(lambda: client.show("llava"), ollama.ResponseError))
    show("ollama", "  format='json'", refusal(lambda: client.chat(model="demo", messages=[message], format="json"),
                                              ollama.ResponseError))


def ask_as_photoprism(server, right):
    key = {"Authorization": "Bearer secret"}
    # Captions: api_request.go's struct as Go writes it; "suffix" and "stream" have no omitempty.
    body = {"id": "3487da77-246e-4b4c-9437-67507177bcd7", "model": "demo", "suffix": "",
            "prompt": "Create a caption with exactly one sentence in the active voice that describes the main visual "
                      "content. Begin with the main subject and clear action. Avoid text formatting, meta-language, and "
                      "filler words.",
            "options": {"temperature": 0.1}, "think": False, "stream": False, "images": [text_of(IMAGE)]}
    status, reply = server.post("/api/generate", body, headers=key)
    show("PhotoPrism", "Ollama engine, caption", reply["response"])
    expect(status == 200 and reply["response"] == right and reply["done"] and reply["created_at"].endswith("Z"), reply)
    labels = {**body, "format": "json", "options": {"temperature": 0.1, "top_p": 0.9, "stop": ["\n\n"]}}
    status, reply = server.post("/api/generate", labels, headers=key)
    show("PhotoPrism", f"Ollama engine, labels: {status}", reply["error"])
    expect(status == 400, reply)
    # The OpenAI engine asks for responses.
    parts = [{"type": "input_text", "text": "Describe the image."},
             {"type": "input_image", "image_url": data_uri(IMAGE), "detail": "low"}]
    body = {"model": "demo", "max_output_tokens": 512,
            "input": [{"role": "system", "type": "message", "content": [{"type": "input_text", "text": "You are ..."}]},
                      {"role": "user", "type": "message", "content": parts}]}
    status, reply = server.post("/v1/responses", body, headers=key)
    show("PhotoPrism", "OpenAI engine, caption", reply["output"][0]["content"][0]["text"])
    expect(status == 200 and reply["output"][0]["content"][0]["text"] == right, reply)


def ask_as_frigate(server, right):
    images = [IMAGE, ppm(3), ppm(4)]
    client = ollama.Client(host=f"http://127.0.0.1:{server.port}", timeout=60,
                           headers={"Authorization": "Bearer secret"})
    expect(client.show("demo").get("error") is None)
    prompt = "Analyze the sequence of images containing the person. Focus on the likely intent or behavior."
    # Older versions ask /api/generate, newer ones /api/chat.
    options = {"temperature": 0.5, "repeat_penalty": 1.05, "presence_penalty": 0.3}
    reply = client.generate("demo", prompt, images=images, options=options)
    show("Frigate", "Ollama provider, generate, 3 frames", json.dumps(reply["response"].strip()))
    expect(reply["response"].split("\n")[0] == right and reply["response"].count("\n") == 2, reply)
    message = {"role": "user", "content": prompt + "\n[img]\n[img]\n[img]", "images": images}
    reply = client.chat(model="demo", messages=[message], options=options, think=False)
    show("Frigate", "Ollama provider, chat, 3 frames", json.dumps(reply["message"]["content"]))
    expect(reply["message"]["content"].split("\n")[0] == right, reply)
    provider = openai.OpenAI(api_key="secret", base_url=f"http://127.0.0.1:{server.port}/v1", max_retries=0)
    content = [{"type": "text", "text": prompt}]
    for image in images:
        content.append({"type": "image_url", "image_url": {"url": data_uri(image, "image/jpeg"), "detail": "low"}})
    result = provider.chat.completions.create(model="demo", messages=[{"role": "user", "content": content}], timeout=60)
    show("Frigate", "OpenAI provider, 3 frames", json.dumps(result.choices[0].message.content.strip()))
    expect(result.choices[0].message.content.split("\n")[0] == right, result)
    review = {"type": "json_schema", "json_schema": {"name": "review", "strict": True, "schema": {"type": "object"}}}
    ask = provider.chat.completions.create
    show("Frigate", "OpenAI provider, review as JSON",
         refusal(lambda: ask(model="demo", messages=[{"role": "user", "content": content}], response_format=review),
                 openai.BadRequestError))


def main():
    with Server(sys.argv[1], "--api-key", "secret") as server:
        headers = {"Authorization": "Bearer secret"}
        reply = server.post("/v1/captions", {"image": text_of(IMAGE)}, headers=headers)[1]
        right = reply["captions"][0]["refined"]
        for ask in (ask_with_openai, ask_with_ollama, ask_as_photoprism, ask_as_frigate):
            ask(server, right)
    print("all answers are as expected")


if __name__ == "__main__":
    main()
