//! Nested loops, made fit for little memory.
//!
//! DataFusion runs the left side of such a join again when its rows do not fit into memory, and panics if a part of that side can run only
//! once. And then each partition of the right side decides alone which rows of the left side have no match, so that an outer join gives
//! them once a partition: such a join gets one partition.

use std::fmt::{self, Formatter};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use datafusion::common::JoinType;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TransformedResult as _, TreeNode as _, TreeNodeRecursion};
use datafusion::error::Result as SqlResult;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::coalesce_partitions::CoalescePartitionsExec;
use datafusion::physical_plan::execution_plan::{
    ChildrenPropertiesMode, ReplaceChildrenOptions, reset_plan_states,
};
use datafusion::physical_plan::joins::NestedLoopJoinExec;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties as _, PlanProperties,
};

/// Puts [`Again`] between nested loops and their left sides.
#[derive(Debug)]
pub(crate) struct RunAgain;

impl PhysicalOptimizerRule for RunAgain {
    fn optimize(&self, plan: Arc<dyn ExecutionPlan>, _: &ConfigOptions) -> SqlResult<Arc<dyn ExecutionPlan>> {
        plan.transform_up(|plan| {
            if plan.name() != "NestedLoopJoinExec" {
                return Ok(Transformed::no(plan));
            }
            let mut children: Vec<Arc<dyn ExecutionPlan>> = plan.children().into_iter().cloned().collect();
            let joins_left_rows = plan.downcast_ref::<NestedLoopJoinExec>().is_some_and(gives_left_rows_last);
            if let [left, right] = &mut children[..] {
                *left = Arc::new(Again { input: left.clone(), has_run: AtomicBool::new(false) });
                if joins_left_rows && right.output_partitioning().partition_count() > 1 {
                    *right = Arc::new(CoalescePartitionsExec::new(right.clone()));
                }
            }
            Ok(Transformed::yes(plan.replace_children(
                children,
                ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute),
            )?))
        })
        .data()
    }

    fn name(&self) -> &str {
        "RunAgain"
    }

    fn schema_check(&self) -> bool {
        true
    }
}

/// Whether rows of the left side are given in the end, by what all of the right side matched.
fn gives_left_rows_last(join: &NestedLoopJoinExec) -> bool {
    use JoinType::{Full, Left, LeftAnti, LeftMark, LeftSemi};
    matches!(join.join_type(), Full | Left | LeftAnti | LeftMark | LeftSemi)
}

/// Gives the rows of its input each time that it is run.
#[derive(Debug)]
struct Again {
    input: Arc<dyn ExecutionPlan>,
    has_run: AtomicBool,
}

impl DisplayAs for Again {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("Again")
    }
}

impl ExecutionPlan for Again {
    fn name(&self) -> &str {
        "Again"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        self.input.properties()
    }

    fn maintains_input_order(&self) -> Vec<bool> {
        vec![true]
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> SqlResult<TreeNodeRecursion>,
    ) -> SqlResult<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn replace_children(
        self: Arc<Self>,
        mut children: Vec<Arc<dyn ExecutionPlan>>,
        _: ReplaceChildrenOptions,
    ) -> SqlResult<Arc<dyn ExecutionPlan>> {
        Ok(Arc::new(Self { input: children.swap_remove(0), has_run: AtomicBool::new(false) }))
    }

    fn with_new_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> SqlResult<Arc<dyn ExecutionPlan>> {
        self.replace_children(children, ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute))
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> SqlResult<SendableRecordBatchStream> {
        match self.has_run.swap(true, Ordering::Relaxed) {
            false => self.input.execute(partition, context),
            true => reset_plan_states(self.input.clone())?.execute(partition, context),
        }
    }
}
