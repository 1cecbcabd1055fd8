using Holdfast.Engine.Points;
using Holdfast.Restic.Archiving;
using Holdfast.Restic.Snapshots;
using Xunit;

namespace Holdfast.ServerTests.Runs;

/// <summary>A recovery point of one component, with what was said while it was taken.</summary>
internal sealed record TakenPoint(Snapshot Point, Manifest Manifest, RunReport Said, ArchiveCounters Counters)
{
    public ComponentRecord Record => Assert.Single(Manifest.Components);
}
