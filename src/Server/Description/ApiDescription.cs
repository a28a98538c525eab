using System.Text.Json.Serialization.Metadata;
using AkkaCp.Server.Answers;
using AkkaCp.Server.Chat;
using AkkaCp.Server.Completions;
using AkkaCp.Server.Facts;
using AkkaCp.Server.Http;
using AkkaCp.Server.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.OpenApi;

namespace AkkaCp.Server.Description;

/// <summary>
/// The service described as OpenAPI 3.1, out of the types that it reads and writes. An application that maps this service may describe
/// itself with the same library: so this description is made in a container of its own, which is gone when it is written.
/// </summary>
internal static class ApiDescription
{
    private const string Name = "akka-cp";

    private static readonly Lazy<Task<byte[]>> s_json = new(WriteAsync);

    /// <summary>Answers with it.</summary>
    public static async Task AnswerAsync(ApiCall call)
    {
        var json = await s_json.Value.ConfigureAwait(false);
        call.Context.Response.ContentType = "application/json; charset=utf-8";
        call.Context.Response.ContentLength = json.Length;
        await call.Context.Response.BodyWriter.WriteAsync(json, call.Aborted).ConfigureAwait(false);
    }

    private static async Task<byte[]> WriteAsync()
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore(); // Never started.
        builder.Services.AddRoutingCore();
        builder.Services.ConfigureHttpJsonOptions(json => Configure(json.SerializerOptions));
        builder.Services.AddOpenApi(Name, options =>
        {
            options.OpenApiVersion = OpenApiSpecVersion.OpenApi3_1;
            options.AddSchemaTransformer(SchemaRules.ApplyAsync);
            options.AddOperationTransformer(OperationRules.ApplyAsync);
            options.AddDocumentTransformer(OperationRules.IntroduceAsync);
        });
        var app = builder.Build();
        await using (app.ConfigureAwait(false))
        {
            Map(app);
            app.UseRouting();
            app.UseEndpoints(_ => { }); // The paths are known from here on.
            var description = await app.Services.GetRequiredKeyedService<IOpenApiDocumentProvider>(Name)
                .GetOpenApiDocumentAsync(CancellationToken.None).ConfigureAwait(false);
            using var json = new MemoryStream();
            await description.SerializeAsJsonAsync(json, OpenApiSpecVersion.OpenApi3_1, CancellationToken.None).ConfigureAwait(false);
            return json.ToArray();
        }
    }

    private static void Configure(System.Text.Json.JsonSerializerOptions options)
    {
        var rules = JsonRules.Create();
        options.PropertyNamingPolicy = rules.PropertyNamingPolicy;
        options.DefaultIgnoreCondition = rules.DefaultIgnoreCondition;
        options.NumberHandling = rules.NumberHandling;
        options.TypeInfoResolver = JsonTypeInfoResolver.Combine(
            AnswersJson.Default, ChatJson.Default, CompletionJson.Default, FactsJson.Default, HttpJson.Default);
    }

    private static void Map(IEndpointRouteBuilder routes)
    {
        foreach (var path in DescribedPaths.All)
        {
            var endpoint = routes.MapMethods(path.Path, [path.Method], (Delegate)((HttpContext context) => Task.CompletedTask))
                .WithName(path.Name).WithSummary(path.Summary).WithMetadata(path).WithTags("AkkaCp")
                .Produces(StatusCodes.Status200OK, path.Answer, "application/json")
                .Produces<ApiErrorBody>(DescribedPath.ErrorStatus, "application/json");
            if (path.Body is not null)
                endpoint.Accepts(path.Body, "application/json");
            if (path.Chunk is not null)
                endpoint.Produces(DescribedPath.ChunkStatus, path.Chunk, OperationRules.EventStream);
            if (path.IsProbe)
                endpoint.Produces(StatusCodes.Status503ServiceUnavailable, path.Answer, "application/json");
        }
    }
}
