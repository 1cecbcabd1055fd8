using Holdfast.Components.Queues.Brokers;

namespace Holdfast.Cli.Output.Events;

/// <summary>The status of a broker during a wait; printed only in JSON.</summary>
internal sealed record QueuesSeenEvent(string Broker, string Description, long Waiting, long Unacknowledged, int Active) : OutputEvent
{
    internal override bool IsAnswer => false;

    public static QueuesSeenEvent Of(BrokerStatus status) => new(status.Broker, status.Description, status.Waiting, status.Unacknowledged, status.Workers.Active);
}
