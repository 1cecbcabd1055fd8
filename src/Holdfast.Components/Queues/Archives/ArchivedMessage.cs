using Holdfast.Components.Queues.Brokers;

namespace Holdfast.Components.Queues.Archives;

/// <summary>The location of a message when it was copied.</summary>
internal enum MessageState
{
    /// <summary>The message was in its queue's list.</summary>
    Waiting,

    /// <summary>Taken by a worker and not acknowledged.</summary>
    Prefetched,

    /// <summary>Taken by a worker, to be run at a later time.</summary>
    Scheduled,
}

/// <summary>One line of a queue's file.</summary>
/// <param name="State">Its location.</param>
/// <param name="Priority">The priority step of its list; for an unacknowledged message, its own priority.</param>
/// <param name="Content">The exact bytes that Redis held: the item of the list, or the value of the hash "unacked".</param>
internal sealed record ArchivedMessage(MessageState State, int Priority, ReadOnlyMemory<byte> Content)
{
    /// <summary>When a worker took it, in seconds since 1970; 0 when none had or the time is unknown.</summary>
    public double Taken { get; init; }

    /// <summary>The message as it goes into a list again; null when its bytes are not those of a message that was taken.</summary>
    public ReadOnlyMemory<byte>? Message => State == MessageState.Waiting ? Content : UnackedMessage.Read(Content)?.Message;
}
