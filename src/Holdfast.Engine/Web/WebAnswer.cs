using System.Net;
using System.Text.Json;

namespace Holdfast.Engine.Web;

/// <summary>The response of a server: its HTTP status, and the document.</summary>
public sealed record WebAnswer(HttpStatusCode Status, JsonDocument Json) : IDisposable
{
    /// <summary>2xx.</summary>
    public bool IsSuccess => (int)Status is >= 200 and < 300;

    public void Dispose() => Json.Dispose();
}
