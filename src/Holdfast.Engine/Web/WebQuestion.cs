using System.Text.Json;
using Holdfast.Engine.Problems;
using Holdfast.Engine.Profiles;

namespace Holdfast.Engine.Web;

/// <summary>A question over HTTP whose answer is one value of a JSON document: an item of 'checks.users.http'.</summary>
public sealed class WebQuestion(string name, string pointer, WebServer server)
{
    private const int Shown = 60;

    public string Name => name;

    /// <summary>Reads one item of a valid profile.</summary>
    public static WebQuestion Read(ProfileNode node, ISecretReader secrets) =>
        new(node["name"].Text, node.Find("json")?.Text ?? "", new WebServer(WebSettings.Read(node), secrets));

    /// <summary>
    /// The value as text for people; null when it means that no users are active: 0, false, null, or something empty.
    /// </summary>
    /// <exception cref="ProblemException">The server does not respond, or its response does not contain the
    /// value.</exception>
    public async Task<string?> AskAsync(CancellationToken cancellation)
    {
        using var document = await server.GetAsync("", cancellation);
        var value = JsonPointer.Find(document.RootElement, pointer)
            ?? throw Catalogue.WebAnswer.Throwable($"The answer of {server.Place} has nothing at '{pointer}'.", "Correct 'json' of the question in the profile: it is a JSON pointer, as /data/0/count.");
        return Describe(value);
    }

    private static string? Describe(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Number => value.TryGetDouble(out var number) && number == 0 ? null : value.GetRawText(),
        JsonValueKind.True => "true",
        JsonValueKind.Array => value.GetArrayLength() is > 0 and var length ? $"a list of {length}" : null,
        JsonValueKind.Object => value.EnumerateObject().Count() is > 0 and var count ? $"an object of {count}" : null,
        JsonValueKind.String => value.GetString() is { Length: > 0 } text ? $"\"{(text.Length > Shown ? text[..Shown] + "..." : text)}\"" : null,
        _ => null,
    };
}
