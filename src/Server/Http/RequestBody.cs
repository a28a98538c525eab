using System.IO.Pipelines;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using System.Text.Unicode;
using AkkaCp.Server.Json;
using AkkaCp.Settings;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace AkkaCp.Server.Http;

/// <summary>Reads the body of a request.</summary>
internal static class RequestBody
{
    // Times the limit that is read, to refuse it in words; a longer body breaks the connection.
    private const int Patience = 4;
    private const string Unmapped = "could not be mapped";
    private const string Twice = "Duplicate property";

    /// <summary>The body's JSON.</summary>
    /// <param name="context">The request.</param>
    /// <param name="settings">How long it may be, and take.</param>
    /// <param name="type">What is expected.</param>
    /// <exception cref="ApiException">What is wrong, and where.</exception>
    public static async Task<T> ReadAsync<T>(HttpContext context, ServerSettings settings, JsonTypeInfo<T> type)
        where T : class
    {
        var media = context.Request.ContentType;
        if (!context.Request.HasJsonContentType())
            throw ApiException.MediaType(media);
        return Parse(await BytesAsync(context, settings).ConfigureAwait(false), type);
    }

    private static async Task<ReadOnlyMemory<byte>> BytesAsync(HttpContext context, ServerSettings settings)
    {
        var limit = settings.MaxBody;
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
            size.MaxRequestBodySize = Patience * limit;
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
        patience.CancelAfter(settings.Limits.BodyTimeout);
        try
        {
            using var body = new MemoryStream((int)Math.Min(context.Request.ContentLength ?? 0, limit));
            return await FillAsync(body, context.Request.BodyReader, limit, patience.Token).ConfigureAwait(false) <= limit
                ? body.GetBuffer().AsMemory(0, (int)body.Length)
                : throw ApiException.TooLarge(limit);
        }
        catch (BadHttpRequestException error) when (error.StatusCode == StatusCodes.Status413PayloadTooLarge)
        {
            throw ApiException.TooLarge(limit);
        }
        catch (OperationCanceledException) when (!context.RequestAborted.IsCancellationRequested)
        {
            throw ApiException.SlowBody(settings.Limits.BodyTimeout);
        }
        catch (BadHttpRequestException error) when (error.StatusCode == StatusCodes.Status408RequestTimeout)
        {
            throw ApiException.SlowBody(settings.Limits.BodyTimeout);
        }
        catch (BadHttpRequestException error)
        {
            throw ApiException.Wrong(null, $"the body must be whole: {error.Message}");
        }
    }

    /// <summary>Reads a body to its end, and keeps what is within the limit: who still sends does not hear why it is refused.</summary>
    private static async Task<long> FillAsync(MemoryStream body, PipeReader reader, long limit, CancellationToken cancellationToken)
    {
        long length = 0;
        while (true)
        {
            var read = await reader.ReadAsync(cancellationToken).ConfigureAwait(false);
            length += read.Buffer.Length;
            if (length <= limit)
            {
                foreach (var piece in read.Buffer)
                    body.Write(piece.Span);
            }

            reader.AdvanceTo(read.Buffer.End);
            if (read.IsCompleted)
                return length;
        }
    }

    private static T Parse<T>(ReadOnlyMemory<byte> body, JsonTypeInfo<T> type)
        where T : class
    {
        if (body.Span.Trim(" \t\r\n"u8).IsEmpty)
            throw ApiException.Wrong(null, "the body must be a JSON object, found nothing");
        if (!Utf8.IsValid(body.Span))
            throw ApiException.Wrong(null, "the body must be UTF-8, found other bytes");
        try
        {
            return JsonSerializer.Deserialize(LoneSurrogates.Replaced(body).Span, type)
                ?? throw ApiException.Wrong(null, "the body must be a JSON object, found null");
        }
        catch (JsonException error)
        {
            throw Wrong(error);
        }
    }

    private static ApiException Wrong(JsonException error)
    {
        var field = FieldOf(error.Path);
        if (error.Message.Contains(Unmapped, StringComparison.Ordinal))
            return ApiException.Wrong(field, $"{field} is no field that is known here; docs/api.md lists them");
        if (error.Message.Contains(Twice, StringComparison.Ordinal))
            return ApiException.Wrong(field, $"{field ?? "a field"} must be given once, found it twice");
        if (error is WrongJsonException wrong)
            return ApiException.Wrong(field, $"{field ?? "the body"} {wrong.Rule}");
        return error.InnerException is JsonException || field is null
            ? ApiException.Wrong(null, $"the body must be a JSON object: {Reason(error)}")
            : ApiException.Wrong(field, $"{field} has a wrong type");
    }

    // "'}' is invalid after a property name. Path: $ | LineNumber: 0 | BytePositionInLine: 12.": the path says nothing here.
    private static string Reason(JsonException error)
    {
        var message = (error.InnerException as JsonException ?? error).Message;
        var reason = ApiException.Shown(message.Split([" Path:", " LineNumber:"], StringSplitOptions.None)[0]);
        return $"{reason} (line {error.LineNumber + 1}, byte {error.BytePositionInLine})";
    }

    // "$.messages[2].content", or "$['a b']" for what is no name.
    private static string? FieldOf(string? path) => path is null or "$" or "" ? null
        : path.StartsWith("$.", StringComparison.Ordinal) ? Short(path[2..])
        : Short(path[1..].Replace("['", "", StringComparison.Ordinal).Replace("']", "", StringComparison.Ordinal));

    private static string Short(string field) => ApiException.Shown(field);
}
