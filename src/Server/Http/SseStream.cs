using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using AkkaCp.Server.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace AkkaCp.Server.Http;

/// <summary>
/// Server-sent events of one answer. While there is nothing to say, a comment line goes out from time to time, for proxies and clients
/// that give a silent connection up; the framework's own result cannot write those. A client that does not take what it is sent within the
/// write timeout is cut off.
/// </summary>
internal sealed class SseStream : IAsyncDisposable
{
    private readonly HttpContext _context;
    private readonly ApiService _service;
    private readonly Utf8JsonWriter _json;
    private readonly SemaphoreSlim _turn = new(1);
    private readonly CancellationTokenSource _ended = new();
    private readonly Task _comments;
    private CancellationTokenSource _patience = new();
    private bool _hasWritten = true;

    private SseStream(HttpContext context, ApiService service)
    {
        (_context, _service) = (context, service);
        _json = new Utf8JsonWriter(context.Response.BodyWriter, JsonRules.Writing);
        _comments = CommentAsync();
    }

    /// <summary>Sends the headers.</summary>
    public static async Task<SseStream> StartAsync(HttpContext context, ApiService service)
    {
        context.Response.ContentType = "text/event-stream; charset=utf-8";
        context.Response.Headers.CacheControl = "no-cache";
        context.Response.Headers["X-Accel-Buffering"] = "no";
        context.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        await context.Response.StartAsync(context.RequestAborted).ConfigureAwait(false);
        var stream = new SseStream(context, service);
        await stream.FlushAsync().ConfigureAwait(false);
        return stream;
    }

    /// <summary>Sends an event.</summary>
    public async ValueTask SendAsync<T>(T data, JsonTypeInfo<T> type)
    {
        await _turn.WaitAsync(_context.RequestAborted).ConfigureAwait(false);
        try
        {
            Write("data: "u8);
            _json.Reset(_context.Response.BodyWriter);
            JsonSerializer.Serialize(_json, data, type);
            _json.Flush();
            Write("\n\n"u8);
            await FlushAsync().ConfigureAwait(false);
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Sends the word that all is said.</summary>
    public Task SendDoneAsync() => SendRawAsync("data: [DONE]\n\n"u8.ToArray());

    /// <summary>Sends what went wrong: the last event of a stream that failed.</summary>
    public ValueTask SendErrorAsync(ApiException error) => SendAsync(ApiErrorBody.Of(error), HttpJson.Strict.ApiErrorBody);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _ended.CancelAsync().ConfigureAwait(false);
        await _comments.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _ended.Dispose();
        _patience.Dispose();
        _turn.Dispose();
        await _json.DisposeAsync().ConfigureAwait(false);
    }

    private async Task CommentAsync()
    {
        using var timer = new PeriodicTimer(_service.Settings.CommentInterval);
        while (await timer.WaitForNextTickAsync(_ended.Token).ConfigureAwait(false))
        {
            if (!_hasWritten)
                await SendRawAsync(": still here\n\n"u8.ToArray()).ConfigureAwait(false);
            _hasWritten = false;
        }
    }

    private async Task SendRawAsync(byte[] text)
    {
        await _turn.WaitAsync(_context.RequestAborted).ConfigureAwait(false);
        try
        {
            Write(text);
            await FlushAsync().ConfigureAwait(false);
        }
        finally
        {
            _turn.Release();
        }
    }

    private void Write(ReadOnlySpan<byte> text)
    {
        var writer = _context.Response.BodyWriter;
        text.CopyTo(writer.GetSpan(text.Length));
        writer.Advance(text.Length);
    }

    private async ValueTask FlushAsync()
    {
        _hasWritten = true;
        if (!_patience.TryReset())
            _patience = new CancellationTokenSource();
        var flush = _context.Response.BodyWriter.FlushAsync(_patience.Token);
        if (!flush.IsCompleted)
            _patience.CancelAfter(_service.Settings.WriteTimeout);
        try
        {
            await flush.ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (_patience.IsCancellationRequested)
        {
            _context.Abort();
            throw;
        }
        finally
        {
            _patience.CancelAfter(Timeout.InfiniteTimeSpan);
        }

        _context.RequestAborted.ThrowIfCancellationRequested();
    }
}
