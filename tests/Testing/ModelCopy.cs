using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace AkkaCp.Testing;

/// <summary>A copy of the demo model in a folder of one test's own, to be changed file by file; the weights are a link.</summary>
public sealed class ModelCopy : IDisposable
{
    // Tokens such as <|im_end|> stay readable, and can be replaced.
    private static readonly JsonSerializerOptions s_plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static readonly string[] s_copied =
        ["config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json", "chat_template.jinja"];

    /// <summary>Copies the demo model.</summary>
    public ModelCopy()
    {
        Path = Directory.CreateTempSubdirectory("akkacp-model-copy-").FullName;
        foreach (var name in s_copied)
            File.Copy(System.IO.Path.Combine(RepositoryFiles.DemoModel, name), FileOf(name));
        File.CreateSymbolicLink(FileOf("model.safetensors"), System.IO.Path.Combine(RepositoryFiles.DemoModel, "model.safetensors"));
    }

    /// <summary>The folder.</summary>
    public string Path { get; }

    /// <summary>Path of one of its files.</summary>
    public string FileOf(string name) => System.IO.Path.Combine(Path, name);

    /// <summary>Changes a JSON file.</summary>
    public ModelCopy Change(string name, Action<JsonObject> change)
    {
        var json = JsonNode.Parse(File.ReadAllText(FileOf(name)))!.AsObject();
        change(json);
        return Write(name, json.ToJsonString(s_plain));
    }

    /// <summary>Puts members into a JSON file in place of its own; the items of a member "key+" are added to those of "key".</summary>
    public ModelCopy Merge(string name, JsonObject part) => Change(name, json =>
    {
        foreach (var (key, value) in part)
        {
            if (!key.EndsWith('+'))
            {
                json[key] = value?.DeepClone();
                continue;
            }

            foreach (var item in value!.AsArray())
                json[key[..^1]]!.AsArray().Add(item?.DeepClone());
        }
    });

    /// <summary>Replaces a text in a file, which must have it.</summary>
    public ModelCopy Replace(string name, string text, string by)
    {
        var whole = File.ReadAllText(FileOf(name));
        return whole.Contains(text, StringComparison.Ordinal)
            ? Write(name, whole.Replace(text, by, StringComparison.Ordinal))
            : throw new ArgumentException($"{name} has no {text}");
    }

    /// <summary>Writes a file.</summary>
    public ModelCopy Write(string name, string text)
    {
        File.WriteAllText(FileOf(name), text);
        return this;
    }

    /// <summary>Removes a file.</summary>
    public ModelCopy Delete(string name)
    {
        File.Delete(FileOf(name));
        return this;
    }

    /// <summary>Removes the folder.</summary>
    public void Dispose() => Directory.Delete(Path, recursive: true);
}
