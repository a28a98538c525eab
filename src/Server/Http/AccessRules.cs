using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using System.Security.Claims;
using System.Security.Cryptography;
using System.Text;
using AkkaCp.Settings;
using Microsoft.AspNetCore.Http;

namespace AkkaCp.Server.Http;

/// <summary>Who may ask: by key, by the host that is asked, by the page that asks.</summary>
internal sealed class AccessRules
{
    private static readonly string[] s_loopbackNames = ["localhost", "127.0.0.1", "[::1]"];

    private readonly ServerSettings _settings;
    private readonly ImmutableArray<byte[]> _keys;
    private readonly ImmutableArray<string> _hosts;

    /// <param name="settings">The rules as they are configured.</param>
    public AccessRules(ServerSettings settings)
    {
        _settings = settings;
        _keys = [.. settings.ApiKeys.Select(Hash)];
        _hosts = !settings.AllowedHosts.IsEmpty ? settings.AllowedHosts
            : _keys.IsEmpty && !settings.Insecure ? [.. s_loopbackNames, settings.Host]
            : [];
    }

    /// <summary>Lets a request in, or refuses it.</summary>
    /// <param name="context">The request.</param>
    /// <param name="needsKey">Whether what it asks for needs a key.</param>
    /// <returns>Whose it is: a name of its key that does not tell it, or of whom the application knows; empty where nobody is asked
    /// for.</returns>
    /// <exception cref="ApiException">Why it is refused.</exception>
    public string Admit(HttpContext context, bool needsKey)
    {
        CheckHost(context.Request.Host);
        CheckOrigin(context);
        return needsKey ? KeyOf(context) : "";
    }

    /// <summary>Whose share a request takes: its key's or, without keys, its address's. A client of IPv6 has a whole /64.</summary>
    public static string WhoAsks(HttpContext context, string key)
    {
        if (key.Length > 0 || context.Connection.RemoteIpAddress is not { } address)
            return key;
        return address.AddressFamily == AddressFamily.InterNetworkV6 && !address.IsIPv4MappedToIPv6
            ? Convert.ToHexStringLower(address.GetAddressBytes().AsSpan(0, 8))
            : address.ToString();
    }

    private void CheckHost(HostString host)
    {
        if (!_hosts.IsEmpty && !_hosts.Contains(host.Host, StringComparer.OrdinalIgnoreCase))
            throw ApiException.OtherHost(host.Value);
    }

    private void CheckOrigin(HttpContext context)
    {
        if (context.Request.Headers.Origin.ToString() is not { Length: > 0 } origin)
            return;
        var isOwn = Uri.TryCreate(origin, UriKind.Absolute, out var uri)
            && uri.Scheme == context.Request.Scheme && uri.Authority == context.Request.Host.Value;
        if (_settings.AllowedOrigins.Contains(origin, StringComparer.OrdinalIgnoreCase))
            AllowPage(context.Response, origin);
        else if (!isOwn)
            throw ApiException.OtherOrigin(origin);
    }

    private static void AllowPage(HttpResponse response, string origin)
    {
        response.Headers.AccessControlAllowOrigin = origin;
        response.Headers.Vary = "Origin";
        response.Headers.AccessControlAllowHeaders = "authorization, content-type, x-api-key";
        response.Headers.AccessControlAllowMethods = "GET, POST";
        response.Headers.AccessControlExposeHeaders = "x-request-id, retry-after";
    }

    private string KeyOf(HttpContext context)
    {
        if (_keys.IsEmpty)
        {
            var isLocal = context.Connection.LocalIpAddress is not { } address || IPAddress.IsLoopback(address);
            if (!isLocal && !_settings.Insecure)
                throw ApiException.InvalidKey("akka-cp.server.api-keys must name keys before other machines are served, found none");
            return UserOf(context);
        }

        if (context.Request.Query.Keys.Any(name => name is "key" or "api_key" or "api-key"))
            throw ApiException.InvalidKey("the key must be in the Authorization header, found it in the URL, where logs keep it");
        var hash = Hash(Presented(context.Request.Headers));
        return IsKnown(hash) ? Convert.ToHexStringLower(hash) : throw ApiException.InvalidKey("the key is none of akka-cp.server.api-keys");
    }

    private static string UserOf(HttpContext context)
    {
        var user = context.User.Identity is { IsAuthenticated: true } identity
            ? context.User.FindFirstValue(ClaimTypes.NameIdentifier) ?? identity.Name
            : null;
        return user is null ? "" : Convert.ToHexStringLower(Hash(user));
    }

    private static string Presented(IHeaderDictionary headers)
    {
        const string bearer = "Bearer ";
        var authorization = headers.Authorization.ToString();
        return authorization.StartsWith(bearer, StringComparison.OrdinalIgnoreCase) ? authorization[bearer.Length..].Trim()
            : authorization.Length > 0 ? throw ApiException.InvalidKey("Authorization must be \"Bearer KEY\"")
            : headers["x-api-key"].ToString() is { Length: > 0 } key ? key
            : throw ApiException.InvalidKey("a key must be in the header Authorization: Bearer or x-api-key, found none");
    }

    /// <remarks>All keys are compared, and hashes of one length, so that time tells nothing of them.</remarks>
    private bool IsKnown(byte[] hash)
    {
        var found = false;
        foreach (var known in _keys)
            found |= CryptographicOperations.FixedTimeEquals(known, hash);
        return found;
    }

    private static byte[] Hash(string key) => SHA256.HashData(Encoding.UTF8.GetBytes(key));
}
