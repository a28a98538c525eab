using System.Text.Json.Nodes;

namespace AkkaCp.Server.Tests;

/// <summary>Random valid requests.</summary>
internal static class Draws
{
    private static readonly string[] s_words = ["Hello", "what is 3 + 4?", "count", "日本語", "\n\n", "a b", "😀", "the end"];

    /// <summary>A chat.</summary>
    public static JsonObject Chat(Random random)
    {
        var text = string.Join(' ', Enumerable.Range(0, random.Next(1, 6)).Select(_ => s_words[random.Next(s_words.Length)]));
        var body = Server.Tests.Chat.Ask(text, ("max_tokens", random.Next(1, 24)), ("seed", random.Next()));
        void Maybe(string field, Func<JsonNode> value)
        {
            if (random.Next(3) == 0)
                body[field] = value();
        }

        Maybe("temperature", () => Math.Round(random.NextDouble() * 3, 2));
        Maybe("top_p", () => Math.Round((random.NextDouble() * 0.9) + 0.1, 2));
        Maybe("top_k", () => random.Next(0, 20));
        Maybe("min_p", () => Math.Round(random.NextDouble() / 2, 2));
        Maybe("presence_penalty", () => Math.Round((random.NextDouble() * 4) - 2, 2));
        Maybe("frequency_penalty", () => Math.Round((random.NextDouble() * 4) - 2, 2));
        Maybe("repetition_penalty", () => Math.Round(random.NextDouble() + 0.5, 2));
        Maybe("logit_bias", () => new JsonObject { [$"{random.Next(500)}"] = random.Next(-100, 100) });
        Maybe("n", () => random.Next(1, 4));
        Maybe("stop", () => random.Next(2) == 0 ? "a" : new JsonArray("3", "e "));
        Maybe("ignore_eos", () => true);
        if (random.Next(2) == 0)
        {
            body["logprobs"] = true;
            Maybe("top_logprobs", () => random.Next(0, 21));
        }

        return body;
    }

    /// <summary>A chat with what changes no answer: other roles, parts, tools, harmless fields.</summary>
    public static JsonObject RichChat(Random random)
    {
        var body = Chat(random);
        var text = (string)body["messages"]![0]!["content"]!;
        if (random.Next(3) == 0)
            body["messages"]![0]!["content"] = new JsonArray(new JsonObject { ["type"] = "text", ["text"] = text });
        if (random.Next(3) == 0)
        {
            var role = random.Next(2) == 0 ? "system" : "developer";
            body["messages"]!.AsArray().Insert(0, new JsonObject { ["role"] = role, ["content"] = "be short" });
        }

        if (random.Next(4) == 0)
        {
            body["messages"]!.AsArray().Add(JsonNode.Parse(
                """
                {"role":"assistant","content":null,"reasoning_content":"hm","tool_calls":[
                  {"id":"a","type":"function","function":{"name":"now","arguments":"{}"}}]}
                """));
            body["messages"]!.AsArray().Add(new JsonObject { ["role"] = "tool", ["tool_call_id"] = "a", ["content"] = "noon" });
        }

        if (random.Next(4) == 0)
        {
            body["tools"] = JsonNode.Parse(
                """[{"type":"function","function":{"name":"now","description":"d","parameters":{"type":"object","properties":{}}}}]""");
            body["tool_choice"] = random.Next(2) == 0 ? "auto" : "none";
        }

        if (random.Next(3) == 0)
            (body["max_completion_tokens"], body["metadata"], body["user"]) = (body["max_tokens"]!.DeepClone(), new JsonObject(), "me");
        if (random.Next(4) == 0)
            (body["reasoning_effort"], body["chat_template_kwargs"]) = ("none", new JsonObject { ["x"] = 1 });
        return body;
    }

    /// <summary>A completion.</summary>
    public static JsonObject Completion(Random random)
    {
        var body = Chat(random);
        var text = (string)body["messages"]![0]!["content"]!;
        body.Remove("messages");
        body.Remove("top_logprobs");
        body.Remove("logprobs");
        if (random.Next(2) == 0)
            body["logprobs"] = random.Next(0, 21);
        body["prompt"] = random.Next(4) switch
        {
            0 => text,
            1 => new JsonArray(text, "count to"),
            2 => new JsonArray(5, 6, 7),
            _ => new JsonArray(new JsonArray(5, 6), "a"),
        };
        return body;
    }
}
