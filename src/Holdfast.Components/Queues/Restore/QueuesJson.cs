using System.Text.Json.Serialization;

namespace Holdfast.Components.Queues.Restore;

/// <summary>JSON of what undos carry.</summary>
[JsonSerializable(typeof(string[]))]
internal sealed partial class QueuesJson : JsonSerializerContext;
