using System.Text.Json;
using System.Text.Json.Serialization;

namespace Holdfast.Cli.Output.Events;

/// <summary>The JSON format of events: source-generated, names in snake_case, null values left out.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(OutputEvent))]
internal sealed partial class EventJson : JsonSerializerContext
{
    public static string Line(OutputEvent told) => JsonSerializer.Serialize(told, Default.OutputEvent);
}
