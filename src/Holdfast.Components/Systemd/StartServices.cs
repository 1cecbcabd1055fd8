using Holdfast.Engine.Planning;

namespace Holdfast.Components.Systemd;

/// <summary>Brings up what ran before. Units that run already are left alone, so that it can be done again.</summary>
internal sealed class StartServices(Systemctl systemctl, PlatformSettings settings, TimeProvider clock) : IUndoHandler
{
    /// <summary>The name of the undo in journals.</summary>
    public const string Name = "services.start";

    private const string Units = "units", Stay = "stay";

    public string Kind => Name;

    /// <summary>Each unit is waited for as long as it may take, and no longer; one that hangs must not keep the next ones down.</summary>
    public TimeSpan Deadline => Timeout.InfiniteTimeSpan;

    /// <summary>The undo that brings these up.</summary>
    public static Undo Of(StartOrder order) => new(
        Name, $"Start {string.Join(", ", order.Units)}.", new Dictionary<string, string>(StringComparer.Ordinal) { [Units] = order.ToText(), [Stay] = order.StayText() });

    /// <summary>The units that an undo would start.</summary>
    public static StartOrder OrderOf(Undo undo) => StartOrder.Parse(undo.Arguments[Units], undo.Arguments[Stay]);

    public Task UndoAsync(Undo undo, CancellationToken cancellation) =>
        new UnitStarter(systemctl, settings, clock).StartAllAsync(OrderOf(undo), cancellation);
}
