using System.Net;
using System.Security.Claims;
using System.Text.Encodings.Web;
using AkkaCp.Engine;
using AkkaCp.Engine.Tests;
using AkkaCp.Settings;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Xunit;

namespace AkkaCp.Server.Tests;

/// <summary>An application that asks in its own way who somebody is.</summary>
public class OwnAuthorizationTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task RequiredAuthorization_IsAskedForOnAllButHealth()
    {
        var (engine, backend) = TestModel.Saying("hello");
        await using var app = await StartAsync(engine);
        using var client = new ApiClient(app.Urls.First());

        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(client, HttpMethod.Get, "/v1/models", user: null));
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(client, HttpMethod.Post, Chat.Path, user: null));
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(client, HttpMethod.Get, "/v1/nothing", user: null));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(client, HttpMethod.Get, "/health", user: null));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(client, HttpMethod.Get, "/v1/models", "ada"));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(client, HttpMethod.Post, Chat.Path, "ada"));
        Assert.Single(backend.Requests);
    }

    /// <summary>As keys are: what one user's requests leave in the pool tells another nothing.</summary>
    [Fact]
    public async Task RequestsOfOneUser_ShareTheCache_ThoseOfTwoDoNot()
    {
        var (engine, backend) = TestModel.Saying("hello");
        await using var app = await StartAsync(engine);
        using var client = new ApiClient(app.Urls.First());

        foreach (var user in new[] { "ada", "ada", "ivan" })
            Assert.Equal(HttpStatusCode.OK, await StatusAsync(client, HttpMethod.Post, Chat.Path, user));

        var salts = backend.Requests.Select(request => request.CacheSalt).ToList();
        Assert.Equal(salts[0], salts[1]);
        Assert.NotEqual(salts[0], salts[2]);
        Assert.DoesNotContain("ada", salts[0], StringComparison.Ordinal);
    }

    private static Task<WebApplication> StartAsync(InferenceEngine engine) => OwnApplication.StartAsync(
        new ServerSettings(), engine,
        services => services.AddAuthorization().AddAuthentication("name")
            .AddScheme<AuthenticationSchemeOptions, NameScheme>("name", configureOptions: null),
        conventions: endpoints => endpoints.RequireAuthorization());

    private static async Task<HttpStatusCode> StatusAsync(ApiClient client, HttpMethod method, string path, string? user)
    {
        using var request = new HttpRequestMessage(method, path);
        if (user is not null)
            request.Headers.Add(NameScheme.Header, user);
        if (method == HttpMethod.Post)
            request.Content = new StringContent(Chat.Ask("hello").ToJsonString(), null, "application/json");
        using var answer = await client.SendAsync(request, Cancelled);
        return answer.StatusCode;
    }

    /// <summary>Believes whoever says a name.</summary>
    private sealed class NameScheme(IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory logger, UrlEncoder encoder)
        : AuthenticationHandler<AuthenticationSchemeOptions>(options, logger, encoder)
    {
        public const string Header = "x-name";

        protected override Task<AuthenticateResult> HandleAuthenticateAsync()
        {
            if (Request.Headers[Header].ToString() is not { Length: > 0 } name)
                return Task.FromResult(AuthenticateResult.NoResult());
            var user = new ClaimsPrincipal(new ClaimsIdentity([new Claim(ClaimTypes.Name, name)], Scheme.Name));
            return Task.FromResult(AuthenticateResult.Success(new AuthenticationTicket(user, Scheme.Name)));
        }
    }
}
