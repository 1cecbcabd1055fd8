using System.Text.Json.Serialization;

namespace Holdfast.Components.Queues.Restore;

/// <summary>The JSON of undo arguments.</summary>
[JsonSerializable(typeof(string[]))]
internal sealed partial class QueuesJson : JsonSerializerContext;
