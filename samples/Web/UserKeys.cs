using System.Security.Claims;
using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Options;

namespace AkkaCp.Samples.Web;

/// <summary>Users by the key in <c>Authorization: Bearer</c>, where OpenAI's clients put it; the configuration has them as
/// <c>Users:NAME</c>.</summary>
internal sealed class UserKeys(
    IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory logger, UrlEncoder encoder, IConfiguration configuration)
    : AuthenticationHandler<AuthenticationSchemeOptions>(options, logger, encoder)
{
    public const string SchemeName = "user-key";

    private const string Bearer = "Bearer ";

    protected override Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        var header = Request.Headers.Authorization.ToString();
        if (!header.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase))
            return Task.FromResult(AuthenticateResult.NoResult());
        var key = Hash(header[Bearer.Length..].Trim());
        var user = configuration.GetSection("Users").GetChildren()
            .FirstOrDefault(user => CryptographicOperations.FixedTimeEquals(Hash(user.Value ?? ""), key));
        return Task.FromResult(user is null
            ? AuthenticateResult.Fail("nobody has this key")
            : AuthenticateResult.Success(new AuthenticationTicket(
                new ClaimsPrincipal(new ClaimsIdentity([new Claim(ClaimTypes.Name, user.Key)], Scheme.Name)), Scheme.Name)));
    }

    private static byte[] Hash(string key) => SHA256.HashData(Encoding.UTF8.GetBytes(key));
}
