using System.Text.Json;
using System.Text.Json.Serialization;

namespace Holdfast.Cli.Output.Events;

/// <summary>How events are written as JSON: source-generated, names in snake_case, absent instead of null.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(OutputEvent))]
internal sealed partial class EventJson : JsonSerializerContext
{
    public static string Line(OutputEvent told) => JsonSerializer.Serialize(told, Default.OutputEvent);
}
