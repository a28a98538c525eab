using System.Text;

namespace AkkaCp.Cli;

/// <summary>Reads files that a command line names.</summary>
internal static class InputFile
{
    /// <summary>A JSON file's text; half surrogate pairs in its strings give U+FFFD, too.</summary>
    /// <exception cref="UsageException">It cannot be read.</exception>
    public static string ReadJson(string option, string path) => LoneSurrogates.Replace(ReadText(option, path));

    /// <summary>A file's text; bytes that are no UTF-8 give U+FFFD.</summary>
    /// <exception cref="UsageException">It cannot be read.</exception>
    public static string ReadText(string option, string path)
    {
        try
        {
            return File.ReadAllText(path, Encoding.UTF8);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"{option}: expected a readable file, found: {error.Message}");
        }
    }
}
