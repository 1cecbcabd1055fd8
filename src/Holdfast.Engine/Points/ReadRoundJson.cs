using System.Text.Json.Serialization;

namespace Holdfast.Engine.Points;

/// <summary>JSON of a round of reading.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(ReadRound))]
internal sealed partial class ReadRoundJson : JsonSerializerContext;
