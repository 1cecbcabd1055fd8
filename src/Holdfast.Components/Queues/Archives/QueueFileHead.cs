using Holdfast.Components.Queues.Brokers;

namespace Holdfast.Components.Queues.Archives;

/// <summary>The first line of a queue's file.</summary>
/// <param name="Archive">The run that copied the messages. They are put back once: this is what is remembered of it.</param>
/// <param name="Broker">The broker's name in the profile.</param>
/// <param name="Queue">The queue.</param>
internal sealed record QueueFileHead(string Archive, string Broker, QueueName Queue);
