using System.Text.Json.Nodes;
using AkkaCp.Testing;
using AkkaCp.Text.Tokenization;

namespace AkkaCp.Text.Tests.Tokenization;

/// <summary>A model directory of one test's own, with a changed copy of the demo model's tokenizer.json.</summary>
internal sealed class TokenizerFolder : IDisposable
{
    public TokenizerFolder(string tokenizerJson)
    {
        Directory = System.IO.Directory.CreateTempSubdirectory("akkacp-tokenizer-").FullName;
        File.WriteAllText(TokenizerPath, tokenizerJson);
    }

    public string Directory { get; }

    public string TokenizerPath => Path.Combine(Directory, "tokenizer.json");

    /// <summary>The folder of the vectors that HF tokenizers made.</summary>
    public static string Hf => Path.Combine(RepositoryFiles.Root, "tests", "Text.Tests", "Tokenization", "hf");

    /// <summary>Loads a changed copy of a model's tokenizer.json.</summary>
    public static Tokenizer LoadChanged(string modelDirectory, Action<JsonNode> change)
    {
        var json = JsonNode.Parse(File.ReadAllText(Path.Combine(modelDirectory, "tokenizer.json")))!;
        change(json);
        using var folder = new TokenizerFolder(json.ToJsonString());
        return Tokenizer.Load(folder.Directory);
    }

    public void Dispose() => System.IO.Directory.Delete(Directory, recursive: true);
}
