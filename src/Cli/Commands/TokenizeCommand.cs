using System.CommandLine;
using AkkaCp.Model;
using AkkaCp.Text.Tokenization;

namespace AkkaCp.Cli.Commands;

/// <summary><c>akkacp tokenize</c>: text to ids, or back.</summary>
internal static class TokenizeCommand
{
    private static readonly Argument<string?> s_text = new("TEXT")
    {
        Description = "The text.",
        Arity = ArgumentArity.ZeroOrOne,
    };

    private static readonly Option<string?> s_file =
        new Option<string?>("--file") { Description = "Read the text from a file, as UTF-8." }.TakesPath();
    private static readonly Option<string?> s_decode = new("--decode") { Description = "The other way: ids, 1,2,3." };
    private static readonly Option<bool> s_noSpecial =
        new("--no-special") { Description = "Encode what looks like a special token as plain text." };

    public static Command Create(CommandIo io)
    {
        var command = new Command("tokenize", "Prints a text's token ids and pieces as JSON. Needs no weights.")
        {
            s_text, s_file, s_decode, s_noSpecial, CommonOptions.Model,
        };
        command.SetAction(parsed => Run(parsed, io));
        return command;
    }

    private static int Run(ParseResult parsed, CommandIo io)
    {
        var (text, file, decode) = (parsed.GetValue(s_text), parsed.GetValue(s_file), parsed.GetValue(s_decode));
        if (new[] { text, file, decode }.Count(given => given is not null) != 1)
            throw new UsageException("tokenize: expected exactly one of TEXT, --file and --decode");

        var tokenizer = Tokenizer.Load(ModelFiles.Of(ModelDirectory.Find(parsed.GetValue(CommonOptions.Model))));
        if (decode is not null)
            Decode(io, tokenizer, IntegerList.Parse("--decode", decode));
        else
            Encode(io, tokenizer, text ?? InputFile.ReadText("--file", file!), allowSpecial: !parsed.GetValue(s_noSpecial));
        return ErrorReport.Success;
    }

    private static void Encode(CommandIo io, Tokenizer tokenizer, string text, bool allowSpecial)
    {
        var ids = tokenizer.Encode(text, allowSpecial);
        JsonOutput.WriteLine(io.Out, json =>
        {
            json.WriteStartArray("ids");
            foreach (var id in ids)
                json.WriteNumberValue(id);
            json.WriteEndArray();
            json.WriteStartArray("pieces");
            foreach (var piece in tokenizer.Pieces(ids))
                json.WriteStringValue(piece);
            json.WriteEndArray();
        });
    }

    private static void Decode(CommandIo io, Tokenizer tokenizer, int[] ids)
    {
        foreach (var id in ids)
        {
            if (id < 0 || id >= tokenizer.VocabSize)
                throw new UsageException($"--decode: expected ids in [0, {tokenizer.VocabSize}), found {id}");
        }

        JsonOutput.WriteLine(io.Out, json =>
        {
            json.WriteString("text", tokenizer.Decode(ids));
            json.WriteStartArray("pieces");
            foreach (var piece in tokenizer.Pieces(ids))
                json.WriteStringValue(piece);
            json.WriteEndArray();
        });
    }
}
